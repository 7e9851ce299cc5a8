"""The tables of the grammar: what words are called, and what they can sensibly be said of.

A noun carries its Spanish, its gender and tags. An adjective (Spanish, ser or estar) lists the tags or nouns that it
can be said of; a verb (base, third person, past | Spanish present and past, each singular and plural) its subjects >
its objects; a preposition what stands there > where. So no sentence has a hungry bridge. Two nouns that English calls
by one name ("bank": banco, orilla) share no adjective: the adjective decides which of them is meant. "+" joins words.
"""

NOUNS = """
boy niño m person child | girl niña f person child | man/men hombre m person adult | woman/women mujer f person adult
king rey m person adult ruler | queen reina f person adult ruler
grandfather abuelo m person elder | grandmother abuela f person elder
dog perro m animal pet walker | cat gato m animal pet walker | horse caballo m animal farm walker
cow vaca f animal farm walker | bird pájaro m animal | hen gallina f animal | mouse/mice ratón m animal
turtle tortuga f animal walker | animal animal m animal walker
car coche m vehicle | bicycle bicicleta f vehicle | train tren m vehicle hall | boat barco m vehicle
truck camión m vehicle | plane avión m vehicle hall
house casa f building | school escuela f building public hall | church iglesia f building public hall
shop tienda f building hall | museum museo m building public hall | castle castillo m building public
tower torre f building public | hospital hospital m building public hall
street calle f way | road carretera f way | river río m way | bridge puente m way
park parque m place | garden jardín m place | square plaza f place | beach playa f place
table mesa f furniture | chair silla f furniture | bed cama f furniture
door puerta f opening | window ventana f opening | box caja f container | cup taza f container
lamp lámpara f device | clock reloj m device | book libro m text | letter carta f text
shirt camisa f clothing | dress/dresses vestido m clothing | hat sombrero m clothing | shoe zapato m clothing
coat abrigo m clothing | skirt falda f clothing
apple manzana f fruit food | pear pera f fruit food | lemon limón m fruit food | tomato/tomatoes tomate m fruit food
cheese queso m food mass | soup sopa f food mass | cake pastel m food | egg huevo m food
flower flor f plant | tree árbol m plant
bank banco m agency | bank orilla f shore | bat murciélago m night | bat bate m club
crane grulla f wader | crane grúa f hoist
"""

ADJECTIVES = """
red rojo ser vehicle building furniture opening container device clothing book apple tomato flower
white blanco ser vehicle building furniture opening container device clothing flower pet farm bird hen mouse
black negro ser vehicle furniture opening container device clothing book pet farm bird mouse
yellow amarillo ser vehicle building furniture opening container device clothing book lemon pear flower bird
green verde ser vehicle building furniture opening container device clothing book apple pear lemon tree shore
blue azul ser vehicle building furniture opening container device clothing book flower bird
grey gris ser vehicle building furniture opening container device clothing pet horse bird mouse
big grande ser animal vehicle building furniture opening container device clothing fruit plant place cake egg
small pequeño ser animal vehicle building furniture opening container device clothing fruit plant place cake egg child
long largo ser way train dress skirt coat table letter beach shore
wide ancho ser way opening bed shore
narrow estrecho ser way opening bed shore
tall alto ser child adult building tree
old viejo ser adult pet farm turtle vehicle building bridge furniture opening box device clothing book
new nuevo ser vehicle building bridge road furniture opening device clothing book club hoist agency
modern moderno ser vehicle building bridge furniture device agency hoist
pretty bonito ser vehicle building place bridge street furniture device clothing plant bird cat horse
ugly feo ser vehicle building square bridge street furniture device clothing
expensive caro ser vehicle house furniture device clothing food book farm club hoist
cheap barato ser vehicle furniture device clothing food book club
famous famoso ser adult museum church castle tower bridge book square
fast rápido ser vehicle horse dog
slow lento ser vehicle turtle cow horse
dangerous peligroso ser way dog animal beach
heavy pesado ser furniture box door clock lamp truck coat club hoist
delicious delicioso ser food
comfortable cómodo ser chair bed car train plane house shoe dress coat shirt skirt
rich rico ser adult
important importante ser adult public bridge text agency
interesting interesante ser adult text museum church castle
elegant elegante ser adult clothing lamp house chair table
strong fuerte ser child adult horse dog bridge table
intelligent inteligente ser person pet horse mouse
young joven/jóvenes ser adult pet farm
poor pobre ser child adult elder
kind amable ser person
closed cerrado estar building opening box bridge road park agency
open abierto estar building opening box bridge road park agency
empty vacío estar hall house street square park beach container bed
full lleno estar hall container
broken roto estar furniture opening container device bicycle shoe club hoist
clean limpio estar vehicle building street square river beach clothing furniture cup window child
dirty sucio estar vehicle building street square river beach clothing furniture cup window child pet
wet mojado estar street road clothing furniture pet horse child shore
dry seco estar street road clothing garden tree
tired cansado estar person animal night wader
happy contento estar person pet
sad triste estar person pet
sick enfermo estar person animal night wader
hungry hambriento estar person animal night wader
angry enfadado estar person dog
ripe maduro estar fruit
"""

VERBS = """
see sees saw | ve ven vio vieron | person animal > person animal vehicle public plant night wader
buy buys bought | compra compran compró compraron | person > vehicle clothing food furniture device book flower \
  house farm hen club hoist
sell sells sold | vende venden vendió vendieron | person > vehicle clothing food furniture device book flower \
  house farm hen club hoist
eat eats ate | come comen comió comieron | person > food ; farm mouse animal bird > fruit
look+for looks+for looked+for | busca buscan buscó buscaron | person > person animal clothing text box cup hat club
paint paints painted | pinta pintan pintó pintaron | person > house church tower castle bridge furniture \
  opening box boat flower
wash washes washed | lava lavan lavó lavaron | person > clothing vehicle pet horse cup fruit window
cross crosses crossed | cruza cruzan cruzó cruzaron | person walker > way square
visit visits visited | visita visitan visitó visitaron | person > adult elder public place agency
find finds found | encuentra encuentran encontró encontraron | person > pet animal clothing text box cup club ; \
  pet > mouse hen bird
cook cooks cooked | cocina cocinan cocinó cocinaron | person > soup tomato egg cake
lose loses lost | pierde pierden perdió perdieron | person > hat shoe coat text box pet club
drive drives drove | conduce conducen condujo condujeron | adult elder > car truck train
repair repairs repaired | repara reparan reparó repararon | adult elder > vehicle furniture device opening \
  house bridge hoist
build builds built | construye construyen construyó construyeron | adult > building bridge boat table chair
carry carries carried | lleva llevan llevó llevaron | person > box chair lamp text clothing fruit pet
write writes wrote | escribe escriben escribió escribieron | person > text
follow follows followed | sigue siguen siguió siguieron | person animal > person animal
help helps helped | ayuda ayudan ayudó ayudaron | person > person
sleep sleeps slept | duerme duermen durmió durmieron | person animal night wader
run runs ran | corre corren corrió corrieron | person pet horse mouse animal
walk walks walked | camina caminan caminó caminaron | person walker
work works worked | trabaja trabajan trabajó trabajaron | adult elder
sing sings sang | canta cantan cantó cantaron | person bird
fly flies flew | vuela vuelan voló volaron | bird plane night
"""

PREPOSITIONS = """
in en person animal > park garden house street square ; furniture device > house shop ; text clothing fruit > box
near cerca+de person animal vehicle building > building way place tree
behind detrás+de person animal vehicle > building tree door
in+front+of delante+de person animal vehicle > building door
under debajo+de pet mouse hen text shoe box > table bed tree
on sobre text cup lamp clock fruit food > table chair ; clothing text pet > bed
with con person > person pet
"""

#: Why somebody did something, or not: after the verb, adjectives of the subject > adjectives of the object.
REASONS = """
cross not tired sick hungry > wide long dangerous narrow
buy not tired sick > expensive ugly small heavy old
buy so happy rich > cheap pretty comfortable elegant
sell so poor > old ugly small big slow
eat not sick sad tired >
eat so hungry > delicious
visit not tired sick > ugly dangerous
visit so happy > famous interesting important pretty kind
wash so kind > dirty
wash not tired sick > big expensive
carry not tired sick > heavy big
repair not tired sick > old
drive not tired sick angry young > fast old big
paint so happy > ugly pretty
paint not tired sick > tall big
cook not tired sad > expensive
cook so hungry kind > delicious
write not tired sad angry > long
"""

#: Two things that one does in turn with one object: "buys the apple and eats it".
THEN = """
buy eat | buy sell | buy paint | buy wash | buy repair | cook eat | wash eat | find eat | find sell | find wash
see buy | see follow | look+for find | find lose | repair sell | paint sell | wash sell | write lose | buy lose
build sell | build paint | repair drive | buy drive
"""

#: What is not said of one thing at once. Colours are neither mixed nor graded.
OPPOSITES = """
red white black yellow green blue grey | big small | wide narrow | old new | old young | old modern | pretty ugly
expensive cheap | fast slow | rich poor | closed open | empty full | clean dirty | wet dry | happy sad | happy angry
"""

#: English has one name for these, Spanish bends them: "the", "this" and the indefinite article.
DETERMINERS = {
    ("the", False): ("el", "la"),
    ("the", True): ("los", "las"),
    ("a", False): ("un", "una"),
    ("some", True): ("unos", "unas"),
    ("this", False): ("este", "esta"),
    ("these", True): ("estos", "estas"),
}

COPULAS = {
    ("ser", False): ("es", "son"),
    ("estar", False): ("está", "están"),
    ("ser", True): ("era", "eran"),
    ("estar", True): ("estaba", "estaban"),
}

ENGLISH_FUNCTION_WORDS = """
the a an some this these he she it they them is are was were there not does do did very too and but while because who
that now today yesterday yes no hello ?
"""
SPANISH_FUNCTION_WORDS = """
él ella lo la los las hay había no muy demasiado y e pero mientras porque que a al de del ahora hoy ayer sí hola ¿ ?
"""
